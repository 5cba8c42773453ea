/** Numbers of the signals that end a child, the same on every platform that has them. */
export const SIGINT = 2;
export const SIGKILL = 9;
export const SIGTERM = 15;
