/** What tests and benchmarks look at from outside of the package's surface. Not shipped. */
export { decode, decodeAt, decodeError, encode, encodeError, encodeView, prepare } from './codec';
export { captureFunction } from './closure/capture';
export { layOut } from './closure/layout';
export { applyEdits } from './closure/edit';
export { native } from './native';
export { errorClasses } from './errors';
export { kernelBinding } from './native/kernel';
export { decideMath } from './parallel/math-functions';
export { compiledCore, tookKeptCode } from './load';
