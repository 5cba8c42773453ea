/**
 * The objects of a message, numbered in the order in which they begin. Most messages hold a few: those need no Map.
 *
 * Each message has a Map of its own. One that is cleared keeps its table's memory linked to the next one: once such a table has grown
 * old, all that is in the later ones survives every collection of young objects.
 */
const FEW = 8;

export class ObjectNumbers {
  private readonly few: (object | null)[] = new Array<object | null>(FEW).fill(null);
  private many: Map<object, number> | undefined;
  private size = 0;

  clear(): void {
    if (this.size === 0) return;
    for (let i = 0; i < FEW; i++) this.few[i] = null;
    this.many = undefined;
    this.size = 0;
  }

  /** The object's number; undefined where it has none. */
  get(object: object): number | undefined {
    const { few, many, size } = this;
    if (many !== undefined) return many.get(object);
    for (let i = 0; i < size; i++) if (few[i] === object) return i;
    return undefined;
  }

  add(object: object): void {
    const number = this.size++;
    if (number < FEW) this.few[number] = object;
    else (this.many ??= this.moved()).set(object, number);
  }

  /** The first few, which go on in a Map. */
  private moved(): Map<object, number> {
    const many = new Map<object, number>();
    for (let i = 0; i < FEW; i++) many.set(this.few[i]!, i);
    return many;
  }

  /** Something that is an object for its receiver only. */
  skip(): void {
    this.add({});
  }
}
