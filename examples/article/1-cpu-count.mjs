// How many processors this machine has.
import { cpuCount } from 'multiproc';

console.log('Number of cpu :', cpuCount());
