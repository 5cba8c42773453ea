import { SerializationError } from '../errors';

/**
 * Why something can't be sent, on its way up to encode(): every level that it passes adds how it got there.
 */
export class Refusal {
  readonly reason: string;
  /** How the culprit is reached: the nearest first. '.key', '[3]', 'variable …', 'function …'. */
  readonly steps: string[] = [];

  constructor(reason: string) {
    this.reason = reason;
  }

  /** @param root how the caller names the value: 'args'; '' where what is named are its properties. */
  toError(root: string): SerializationError {
    const steps = [...this.steps].reverse();
    const through = steps.some((step) => !/^[.[]/.test(step));
    // 'args[0].socket'; through functions 'target → variable 'sock' → .handle'
    let path = root;
    const chain: string[] = [];
    for (const step of steps) {
      const data = /^[.[]/.test(step);
      if (data && chain.length === 0) path += path === '' && step.startsWith('.') ? step.slice(1) : step;
      else if (data && /[^"]$/.test(chain[chain.length - 1])) chain[chain.length - 1] += step;
      else chain.push(step);
    }
    const variables = chain.filter((step) => !step.startsWith('function '));
    const where = variables.length > 0 ? `${path} → ${variables.join(' → ')}` : path;
    const reached = through ? `\n  reached through: ${chain.join(' → ')}` : '';
    return new SerializationError(`cannot send ${where}: ${this.reason}${reached}`, where);
  }
}

/** Refuses, for the reason given. */
export function refuse(reason: string): never {
  throw new Refusal(reason);
}

/** Adds a step to a refusal that passes; other errors are as they are. Returns what is to be thrown. */
export function through(error: unknown, step: string): unknown {
  if (error instanceof Refusal) error.steps.push(step);
  return error;
}

/** The step to a property. */
export function keyStep(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
