/** The receiver's side of instances: objects with the private members of classes that arrived by value. */
import { malformed } from '../codec/bytes';
import { parameterStandIns } from './inspector';
import { hooksOf, type Hooks } from './revived';

function needHooks(type: Function): Hooks {
  const hooks = hooksOf(type);
  if (hooks === undefined) throw malformed(`the private members of ${type.name} can't be set`);
  return hooks;
}

/** Arguments that any parameters take, and for which no default value runs. */
const STAND_INS = parameterStandIns(32);

/** Runs a class's constructor while it does nothing but give private members. */
function construct(type: Function, hooks: Hooks): object {
  hooks.on = true;
  try {
    return Reflect.construct(type, STAND_INS) as object;
  } finally {
    hooks.on = false;
  }
}

/** An object without properties. Takes the first class from the list where that one makes it. */
export function makeBare(types: Function[]): object {
  const hooks = types.length > 0 ? needHooks(types[0]) : undefined;
  if (hooks === undefined || hooks.derived) return {};
  const object = construct(types.shift()!, hooks);
  for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key);
  return object;
}

/** Gives an object the private members of a class that extends another one. */
export function install(type: Function, object: object): void {
  const hooks = needHooks(type);
  const keys = new Set(Reflect.ownKeys(object));
  const parent = Object.getPrototypeOf(type) as object | null;
  // super() calls what the class extends at that moment.
  Object.setPrototypeOf(type, function () {
    return object;
  });
  try {
    construct(type, hooks);
  } finally {
    Object.setPrototypeOf(type, parent);
  }
  for (const key of Reflect.ownKeys(object)) if (!keys.has(key)) Reflect.deleteProperty(object, key);
}

export function putPrivate(type: Function, object: object, values: readonly unknown[]): void {
  if (values.length > 0) needHooks(type).put?.(object, values);
}
