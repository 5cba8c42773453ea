/**
 * The function by which webpack's bundles require their modules: `__webpack_require__`, or what a minifier calls it. What
 * it has loaded stays here, as what Node has loaded does; there the modules are made again when they are asked for.
 */

const BLANKS = /\s+|\/\/.*|\/\*[^]*?\*\//g;
const REQUIRE =
  /^function([\w$]+)\(([\w$]+)\)\{(?:var|const|let)([\w$]+)=([\w$]+)\[\2\];if\((?:void0!==\3|\3!==undefined)\)\{?return\3\.exports;?\}?/;

/** The name of the variable that holds the loaded modules, in the text of that function; undefined for any other. */
export function moduleCacheOf(text: string): string | undefined {
  if (!text.includes('.exports')) return undefined;
  return REQUIRE.exec(text.slice(0, 1000).replace(BLANKS, ''))?.[4];
}
