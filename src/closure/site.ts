/**
 * A place in a script where functions are made: a loop makes a new closure for each task, all of one text, within scopes
 * of one kind. What follows from text and place is found once; of each function only values are read.
 */
import type { Declaration, FreeVariable, FunctionInfo } from './analysis';
import { parse, unusedPrefix, type CapturedFunction, type Parsed, type Variable } from './captured';
import type { ClassText } from './class-text';
import { reportsCoverage } from './coverage';
import { applyEdits } from './edit';
import type { Location } from './inspector';
import { originalLayout, type Layout } from './layout';
import { declarationsFor, isFixed, urlOf, type Sample } from './scripts';

/** What stays the same from capture to capture, of one function or of all that were made at one place. */
export interface Known {
  readonly site: Site;
  readonly shape: Omit<CapturedFunction, 'variables' | 'extras' | 'name'>;
  /** The names that are read each time. */
  readonly names: readonly FreeVariable[];
  /** The other ones, which no scope but that of a module may hold. */
  readonly outside: readonly string[];
  /** Where it has no variables and nothing else. */
  bare?: CapturedFunction;
  /** How often variables were read again. */
  reads: number;
}

/** After so many it pays to parse the file, to see whether they can change at all. */
const OFTEN = 8;

export class Site {
  readonly sample: Sample;
  /** The text as it stands in its script. */
  readonly written: Parsed;
  /** Of the script. */
  readonly url: string;
  /** Where the text begins in the script, from 0. */
  readonly line: number;
  readonly column: number;
  readonly layout: Layout | undefined;
  /** Laid out as it was written. */
  readonly text: string;
  readonly info: FunctionInfo;
  readonly classParts: ClassText | undefined;
  readonly prefix: string;
  /** What the first capture of a function from here found, where it holds for the others. */
  known: Known | undefined;
  private readonly fixed = new Map<string, boolean>();
  private readonly declared = new Map<string, Declaration | null | undefined>();

  /** @throws Refusal */
  constructor(location: Location, text: string) {
    this.written = parse(text);
    const offset = this.written.info.location;
    this.sample = { location, text, offset };
    this.url = urlOf(location.scriptId);
    const lines = text.slice(0, offset).split('\n').length - 1;
    this.line = location.lineNumber - lines;
    this.column = lines > 0 ? 0 : Math.max(0, location.columnNumber - offset);
    this.layout = this.laidOut();
    this.text = this.layout === undefined ? text : applyEdits(text, this.layout.edits);
    const { info, class: classParts } = this.layout === undefined ? this.written : parse(this.text);
    this.info = info;
    this.classParts = classParts;
    this.prefix = unusedPrefix(this.text);
  }

  private laidOut(): Layout | undefined {
    const layout = originalLayout(this.sample, this.line, this.column);
    if (layout === undefined || layout.url === this.url) return layout;
    // Its imports are relative to the script, and its coverage is the script's.
    return reportsCoverage || /\bimport\b/.test(this.sample.text) ? undefined : layout;
  }

  /**
   * Whether variables that were read of a function from here will always be what they are: nothing in the script assigns
   * to them. Asked once they were read often.
   */
  isSettled(known: Known, variables: readonly Variable[]): boolean {
    if (known.reads < OFTEN && ++known.reads < OFTEN) return false;
    return variables.length === known.names.length && variables.every((variable) => this.isFixed(variable));
  }

  private isFixed({ name, home }: Variable): boolean {
    if (name === `${this.prefix}this`) return true;
    // Of scripts that share one scope, any may assign to what is in that.
    if (home.kind !== 'scope' && (home.kind !== 'module' || home.key.startsWith(':'))) return false;
    let found = this.fixed.get(name);
    if (found === undefined) this.fixed.set(name, (found = isFixed(this.sample, name)));
    return found;
  }

  /** The declaration that a name has here: null for none, undefined where it can't be told. */
  declaration(name: string): Declaration | null | undefined {
    if (!this.declared.has(name)) this.declared.set(name, declarationsFor([this.sample], name)?.[0]);
    return this.declared.get(name);
  }
}

const sites = new Map<string, Site>();
const KEPT = 1000;

const keyOf = ({ scriptId, lineNumber, columnNumber }: Location): string => `${scriptId}:${lineNumber}:${columnNumber}`;

/** The place where a function of this text was made; undefined for one that is not known yet. */
export function knownSite(location: Location, text: string): Site | undefined {
  const site = sites.get(keyOf(location));
  return site?.sample.text === text ? site : undefined;
}

/** @throws Refusal */
export function addSite(location: Location, text: string): Site {
  const site = new Site(location, text);
  if (sites.size >= KEPT) sites.delete(sites.keys().next().value!);
  sites.set(keyOf(location), site);
  return site;
}
