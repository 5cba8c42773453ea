/** The objects of a message, numbered in the order in which they begin. Most messages hold a few: those need no Map. */
const FEW = 8;

export class ObjectNumbers {
  private readonly few: (object | null)[] = new Array<object | null>(FEW).fill(null);
  private readonly many = new Map<object, number>();
  private size = 0;

  clear(): void {
    const { size } = this;
    if (size === 0) return;
    for (let i = 0; i < size && i < FEW; i++) this.few[i] = null;
    if (size > FEW) this.many.clear();
    this.size = 0;
  }

  /** The object's number; undefined where it has none. */
  get(object: object): number | undefined {
    const { few, size } = this;
    for (let i = 0; i < size && i < FEW; i++) if (few[i] === object) return i;
    return size > FEW ? this.many.get(object) : undefined;
  }

  add(object: object): void {
    const number = this.size++;
    if (number < FEW) this.few[number] = object;
    else this.many.set(object, number);
  }

  /** Something that is an object for its receiver only. */
  skip(): void {
    this.add({});
  }
}
