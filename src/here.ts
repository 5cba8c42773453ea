/** The folder that the package's JavaScript lies in: of its bundle (scripts/bundle.mjs), which this file becomes a part of. */
export const HERE = __dirname;
