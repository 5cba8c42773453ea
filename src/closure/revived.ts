/** Functions that arrived from another process: what is needed to send them on. */
import type { CapturedFunction } from './captured';
import type { Reference } from './reference';

/** A variable that several functions share, one of which writes it. */
export interface Cell {
  value: unknown;
}

export type Binding =
  | { readonly kind: 'value'; read(): unknown }
  | { readonly kind: 'cell'; readonly cell: Cell }
  | { readonly kind: 'reference'; readonly reference: Reference; readonly member: string | null };

type Place = 'url' | 'line' | 'column' | 'laidOut' | 'pieces' | 'strict';

/** Its text is as it was written, before anything was put in the place of its variables. */
export interface Origin extends Pick<CapturedFunction, 'text' | Place> {
  readonly bindings: ReadonlyMap<string, Binding>;
}

/** By function. */
export const origins = new WeakMap<Function, Origin>();

/** How to give an object the private members of a class that arrived: see ./class-text.ts. */
export interface Hooks {
  on: boolean;
  /** The class extends another one. */
  readonly derived: boolean;
  put?: (object: object, values: readonly unknown[]) => void;
  putStatic?: (values: readonly unknown[]) => void;
}

const hooks = new WeakMap<Function, Hooks>();

export function hooksOf(type: Function): Hooks | undefined {
  return hooks.get(type);
}

export function setHooks(type: Function, of: Hooks): void {
  hooks.set(type, of);
}
