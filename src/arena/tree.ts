import { native } from '../native';

/** Which tree of processes this thread belongs to, and as what. */
export interface Membership {
  /** This thread's slot in the tree, 0..319. */
  readonly slot: number;
  /** The tree's random id, 32 hexadecimal digits. */
  readonly tree: string;
  /** Whether this process made the arena: the first of its tree. */
  readonly root: boolean;
}

let membership: Membership | undefined;

/** Joins the tree at the first need: a program that only asks for cpuCount() never makes an arena. */
export function tree(): Membership {
  return (membership ??= native.join());
}
