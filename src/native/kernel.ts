/**
 * Loads the kernels' core, an addon of its own, at the first use of `parallel`.
 *
 * Its types are written here and not generated, so that the facade builds without it.
 */
import { join } from 'node:path';
import { HERE } from '../here';
import { missingBinary, platform } from '.';

/** A typed array whose elements are numbers. */
export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** What a name that a function does not declare stands for. */
export interface CaptureObject {
  readonly name: string;
  readonly kind: 'number' | 'integer' | 'array' | 'function' | 'math' | 'namespace' | 'true' | 'false' | 'refused';
  /** Among the numbers, the arrays or the texts. */
  readonly index: number;
  /** Of a function of Math its name; of what is refused, why. */
  readonly text: string;
}

export interface TextObject {
  readonly name: string;
  readonly source: string;
  readonly captures: CaptureObject[];
}

export interface RequestObject {
  readonly texts: TextObject[];
  readonly inputs: number[];
  /** -1: a reduction. */
  readonly output: number;
  readonly arrays: number[];
  /** Whether each captured number is an int32, and not -0. */
  readonly integers: boolean[];
  /** Some array has 2^31 elements or more. */
  readonly long: boolean;
}

export interface IssueObject {
  readonly message: string;
  /** The helper that it is in. */
  readonly helper?: string;
  readonly line: number;
  readonly column: number;
  readonly snippet: string;
}

export interface CompiledKernel {
  /** JavaScript's own functions that it stands for: 'Math.sin'. */
  readonly uses: string[];
  /** Of its machine code, in bytes. */
  readonly size: number;
  readonly tier: 'vector' | 'speculative' | 'scalar';
  dispose(): void;
}

export interface JobObject {
  readonly inputs: readonly NumericArray[];
  readonly outputs: readonly NumericArray[];
  readonly arrays: readonly NumericArray[];
  readonly numbers: readonly number[];
  readonly length: number;
  readonly threads: number;
  /** Milliseconds; negative: none. */
  readonly timeout: number;
  readonly initial: number;
}

export interface StopHandle {
  stop(): void;
}

/** What V8 gives for some inputs of one function. */
export interface TableObject {
  readonly name: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly expected: Float64Array;
}

type Origins = Record<string, 'export' | 'port'>;

export interface KernelBinding {
  readonly CompiledKernel: new () => CompiledKernel;
  readonly StopHandle: new () => StopHandle;
  probed(): string[];
  decidedMath(): Origins | null;
  /** Names of the functions that are there for several elements at once too. */
  mathInBlocks(): string[];
  decideMath(tables: TableObject[], exports: boolean, ports: boolean): Origins;
  compile(request: RequestObject): CompiledKernel | IssueObject;
  parameterCount(source: string): number | IssueObject;
  /** Whether two arrays share memory; `same`: other than by beginning at one place with elements of one size. */
  overlap(a: NumericArray, b: NumericArray, same: boolean): boolean;
  /** A second buffer over the same memory, which keeps it; nothing where that can't be had. */
  hold(buffer: ArrayBuffer): ArrayBuffer | null | undefined;
  /** The result of a reduction, 0 of a map; null where it was stopped. */
  runSync(kernel: CompiledKernel | null, plain: string, job: JobObject, elsewhere: boolean): number | null;
  runAsync(kernel: CompiledKernel | null, plain: string, job: JobObject, handle: StopHandle): Promise<number | null>;
}

let binding: KernelBinding | undefined;

/** @throws Error ERR_NATIVE_MISSING where there is no binary of this platform. */
export function kernelBinding(): KernelBinding {
  if (binding !== undefined) return binding;
  const name = platform();
  const file = `multiproc-kernel.${name}.node`;
  // First what was built here, then the platform's own package.
  const places = [join(HERE, '../src/native', file), `@multiproc/binding-${name}/${file}`];
  const causes: unknown[] = [];
  for (const place of places) {
    try {
      return (binding = require(place) as KernelBinding);
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw missingBinary(new AggregateError(causes, `neither of ${places.join(', ')} could be loaded`));
}
