/** How instances of own classes say what is sent of them. */

/**
 * The name of the method that gives what is sent in an instance's place: any value that can be sent.
 *
 * For classes whose instances can't be sent as they are: those with private fields that are imported, those that hold
 * sockets, files and the like. It runs when the instance is sent; {@link deserialize} makes the instance again.
 */
export const serialize: unique symbol = Symbol.for('multiproc.serialize') as never;

/** The name of the static method that makes an instance of what {@link serialize} gave. */
export const deserialize: unique symbol = Symbol.for('multiproc.deserialize') as never;

/** Key of a prototype of this library whose instances can't be sent: why, and what to do instead. */
export const stays: unique symbol = Symbol.for('multiproc.stays') as never;
