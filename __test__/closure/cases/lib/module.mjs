import { sep } from 'node:path';
export const scale = (x) => x * 10;
export default function labelled(x) {
  return `d${x}${sep}`;
}
export let live = 1;
export const bump = () => ++live;
export const config = { deep: { v: 7 } };
export class Base {
  constructor(x) {
    this.x = x;
  }
  hi() {
    return `base${this.x}`;
  }
}
const hidden = 5;
export const through = (x) => x + hidden;
export function makeAdder(a) {
  return (b) => through(a) + b;
}
let unwritten = 3;
export { unwritten as 'odd name' };

export class Sealed {
  #s;
  constructor(s) {
    this.#s = s;
  }
  get() {
    return this.#s;
  }
}
