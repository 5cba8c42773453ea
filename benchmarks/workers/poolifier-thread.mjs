import { ThreadWorker } from 'poolifier';
import { work } from './tasks.mjs';

export default new ThreadWorker(work);
