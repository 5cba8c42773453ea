/** What tests look at from outside of the package's surface. Not shipped. */
export { decode, decodeError, encode, encodeError } from './codec';
export { errorClasses } from './errors';
