/**
 * The large plain values of a message with functions, which V8 serialises in one piece, at the message's end.
 *
 * What is serialised is a list: the values; for each, its instances; for each, the prototype of each instance, by its
 * index in the list that follows the value's number in the message. So an object that two values share is one there too.
 * Where the instances are the elements of the value, in order, `true` stands in their place.
 */
import type { Root } from '../closure/graph';
import type { Look } from '../closure/plain-look';
import { v8 } from '../native/v8';
import { malformed } from './bytes';
import { Tag } from './format';
import type { ValueReader } from './value-reader';
import type { ValueWriter } from './value-writer';

/** Writes all of them; nothing where there are none. V8 writes on where the message ends, so it is not copied. */
export function writePlainData(writer: ValueWriter, roots: readonly Root[]): void {
  if (roots.length === 0) return;
  const serializer = new (v8().Serializer)();
  serializer.writeRawBytes(writer.out.view());
  serializer.writeHeader();
  serializer.writeValue([
    roots.map(({ value }) => value),
    roots.map(({ value, look }) => isElements(value, look!) || look!.instances),
    roots.map(({ value, look }) => !isElements(value, look!) && Uint32Array.from(look!.prototypeOf)),
  ]);
  writer.out.adopt(serializer.releaseBuffer());
}

function isElements(value: unknown, { instances, prototypes }: Look): boolean {
  if (prototypes.length !== 1 || !Array.isArray(value) || value.length !== instances.length) return false;
  for (let i = 0; i < instances.length; i++) if (value[i] !== instances[i]) return false;
  return true;
}

/** Writes, in the place of a value, which of them it is. */
export function writePlainRoot(writer: ValueWriter, root: Root, index: number): void {
  const { out } = writer;
  const { prototypes } = root.look!;
  out.byte(Tag.PLAIN);
  out.count(index);
  out.count(prototypes.length);
  for (const prototype of prototypes) writer.value(prototype);
}

export class PlainData {
  private readonly values: unknown[];
  private readonly instances: (object[] | true)[];
  private readonly prototypeOf: (Uint32Array | false)[];

  constructor(bytes: Uint8Array) {
    let parts: unknown;
    try {
      const deserializer = new (v8().Deserializer)(bytes);
      deserializer.readHeader();
      parts = deserializer.readValue();
    } catch {
      throw malformed('its plain data can not be read');
    }
    const complete = Array.isArray(parts) && parts.length === 3 && parts.every((part) => Array.isArray(part));
    if (!complete) throw malformed('its plain data is incomplete');
    [this.values, this.instances, this.prototypeOf] = parts as [
      unknown[],
      (object[] | true)[],
      (Uint32Array | false)[],
    ];
  }

  root(reader: ValueReader): unknown {
    const index = reader.in.count();
    const prototypes: unknown[] = [];
    for (let n = reader.in.length(); n > 0; n--) prototypes.push(reader.value());
    if (index >= this.values.length) throw malformed('it refers to plain data that it does not hold');
    const value = this.values[index];
    const instances = this.instances[index];
    const list = instances === true ? (value as object[]) : instances;
    const indices = this.prototypeOf[index];
    for (let i = 0; i < list.length; i++) {
      const prototype = prototypes[indices ? indices[i] : 0];
      if (typeof prototype !== 'object') throw malformed('a prototype is missing');
      Object.setPrototypeOf(list[i], prototype);
    }
    return value;
  }
}
