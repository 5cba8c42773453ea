/** Options of Node that a child must not inherit, since they name what this process is to run or hold it for a debugger. */
const NOT_INHERITED =
  /^(--inspect|--test|--watch|--eval|--print|--check|--interactive|--run|--build-snapshot|--cpu-prof-name|-[epci]+$|-pe$)/;
/** Those of them that take the next argument as their value. */
const TAKES_VALUE =
  /^(-e|-p|-pe|--eval|--print|--inspect-port|--test-reporter|--test-reporter-destination|--test-name-pattern|--test-skip-pattern|--watch-path|--run)$/;

/** The Node options of this process that its children start with. */
export function inheritedExecArgv(execArgv: readonly string[] = process.execArgv): string[] {
  const kept: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const option = execArgv[i];
    if (!NOT_INHERITED.test(option)) kept.push(option);
    else if (TAKES_VALUE.test(option)) i++;
  }
  return kept;
}
