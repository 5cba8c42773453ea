import { sep } from 'node:path';

/** The folder that the package's JavaScript lies in: of its bundle (scripts/bundle.mjs), which this file becomes a part of. */
export const HERE = __dirname;

/** What the places of all of its files begin with, in a stack. */
export const PACKAGE = HERE + sep;
