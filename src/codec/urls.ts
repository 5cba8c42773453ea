/** URL and URLSearchParams: Node's own objects, of which a text is all that they are. */
import { inBoth } from '../closure/realm';
import { inspectorMissing, privateFieldsOf } from '../closure/inspector';
import { refuse } from './refusal';

const urlPrototypes: ReadonlySet<unknown> = new Set(inBoth(({ URL }) => URL?.prototype));
const paramsPrototypes: ReadonlySet<unknown> = new Set(inBoth(({ URLSearchParams }) => URLSearchParams?.prototype));
/** Taken beforehand: they are properties that the user's code could replace. */
const hrefOf = Object.getOwnPropertyDescriptor(URL.prototype, 'href')!.get!;
const paramsToString = URLSearchParams.prototype.toString;

/** Their prototypes. */
export const URL_PROTOTYPES: readonly unknown[] = [...urlPrototypes, ...paramsPrototypes];

/** What a URL is; undefined for anything else, a subclass included. */
export function hrefOfUrl(value: object): string | undefined {
  return textBy(hrefOf, value, urlPrototypes);
}

/** What a URLSearchParams is; undefined for anything else. @throws Refusal for one that changes a URL. */
export function textOfParams(value: object): string | undefined {
  const text = textBy(paramsToString, value, paramsPrototypes);
  if (text !== undefined && !standsAlone(value)) refuse('it is the searchParams of a URL; send the URL');
  return text;
}

export function isUrlOrParams(value: object): boolean {
  return (
    textBy(hrefOf, value, urlPrototypes) !== undefined || textBy(paramsToString, value, paramsPrototypes) !== undefined
  );
}

/** The native methods throw for what merely has the prototype. */
function textBy(method: () => unknown, value: object, prototypes: ReadonlySet<unknown>): string | undefined {
  if (!prototypes.has(Object.getPrototypeOf(value))) return undefined;
  try {
    return method.call(value) as string;
  } catch {
    return undefined;
  }
}

/** Whether it belongs to no URL, which it would change. Only the inspector shows it. */
function standsAlone(params: object): boolean {
  if (inspectorMissing() !== undefined) return false;
  const owner = privateFieldsOf(params, new Set()).find(({ name }) => name === '#context');
  return owner !== undefined && (owner.value === null || owner.value === undefined);
}
