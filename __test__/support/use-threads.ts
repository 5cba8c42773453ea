/** Setup of the test files that run once more with threads: what they start by default are threads of their process. */
import { setStartMethod } from 'multiproc';

setStartMethod('thread');
