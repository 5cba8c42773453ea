/**
 * What Babel puts in the place of import(), and of `import * as` in CommonJS: functions that keep each namespace that they have made in a
 * WeakMap, by the module. What they have made stays here; there they begin anew.
 */
import { types } from 'node:util';
import { nameOf } from './captured';

/** Without blanks: the function of Babel 7.27 and 7.28, and the one that older ones ask for their WeakMap. */
const HELPERS: ReadonlyMap<string, RegExp> = new Map([
  [
    '_interopRequireWildcard',
    /^function\((\w),(\w)\)\{if\(!\2&&\1&&\1\.__esModule\)return\1;.*if\((\w)=\2\?\w:\w\)\{if\(\3\.has\(\1\)\)return\3\.get\(\1\);\3\.set\(\1,\w\);?\}/,
  ],
  ['_getRequireWildcardCache', /^function\(([\w$]+)\)\{return\1\?[\w$]+:[\w$]+;?\}$/],
]);

const bareText = (text: string): string => text.slice(0, 1000).replace(/\s+/g, '');

/** Whether it is one that makes its WeakMaps at its first call, and puts a function that has them in its own place. */
export function replacesItself(name: string, text: string): boolean {
  const bare = bareText(text);
  return HELPERS.has(name) && bare.includes('newWeakMap') && bare.includes(`return(${name}=function(`);
}

/** What is sent in the place of such a WeakMap; undefined for the value of any other variable. */
export function emptyCache(
  fn: Function,
  text: string,
  variable: string,
  value: unknown,
): { readonly value: unknown } | undefined {
  if (!types.isWeakMap(value)) return undefined;
  const name = nameOf(fn) ?? '';
  const helper = HELPERS.get(name);
  if (helper === undefined) return undefined;
  const bare = bareText(text);
  // Newer ones make it where there is none.
  if (name === '_interopRequireWildcard' && bare.includes(`(${variable}=newWeakMap`)) return { value: undefined };
  // A Map does the same there, and can be sent.
  return helper.test(bare) ? { value: new Map() } : undefined;
}
