export let live = 1;
export const bump = () => ++live;
export const scale = (x) => x * 2;
export class Coded extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
  get twice() {
    return this.code * 2;
  }
}
export function fail() {
  throw new Coded('coded', 21);
}
class Hidden extends RangeError {}
export function failHidden() {
  throw new Hidden('hidden');
}
