/** Sums, least and greatest: reductions that are known by their text, and need no kernel. */
import { planOf, type Plan } from './captures';

/** The text of a function of two names without its spaces, its names as A and B. */
const FORMS: readonly (readonly [string, RegExp])[] = [
  ['sum', /^(?:A\+B|B\+A)$/],
  ['min', /^Math\.min\((?:A,B|B,A)\)$/],
  ['max', /^Math\.max\((?:A,B|B,A)\)$/],
];
const NAME = '([A-Za-z_$][\\w$]*)';
const ARROW = new RegExp(`^\\(${NAME},${NAME}\\)=>(?:\\{return (.+?);?\\}|(.+))$`);
const FUNCTION = new RegExp(`^function(?: [\\w$]+)?\\(${NAME},${NAME}\\)\\{return (.+?);?\\}$`);

export interface Simple {
  readonly plain: 'sum' | 'min' | 'max';
  readonly plan: Plan;
  /** JavaScript's own functions that it stands for. */
  readonly uses: readonly string[];
}

const seen = new WeakMap<Function, Simple | null>();

/** undefined for every other function. */
export function simple(f: Function): Simple | undefined {
  let found = seen.get(f);
  if (found === undefined) seen.set(f, (found = look(f) ?? null));
  return found ?? undefined;
}

function look(f: Function): Simple | undefined {
  const text = Function.prototype.toString.call(f);
  if (text.length > 100 && f !== Math.min && f !== Math.max) return undefined;
  const plan = planOf(f);
  const [{ source, captures }] = plan.texts;
  // A Math that is not the global one is captured.
  if (captures.length > 0) return undefined;
  const dense = source
    .replace(/\s+/g, ' ')
    .replace(/ ?([^\w$ ]) ?/g, '$1')
    .trim();
  const [, a, b, ...bodies] = ARROW.exec(dense) ?? FUNCTION.exec(dense) ?? [];
  const body = bodies.find((each) => each !== undefined);
  if (body === undefined || a === b || a === 'Math' || b === 'Math') return undefined;
  const named = body.replace(/(?<!\.)\b[A-Za-z_$][\w$]*/g, (name) => (name === a ? 'A' : name === b ? 'B' : name));
  const plain = FORMS.find(([, form]) => form.test(named))?.[0] as Simple['plain'] | undefined;
  if (plain === undefined) return undefined;
  return { plain, plan, uses: plain === 'sum' ? [] : [`Math.${plain}`] };
}
