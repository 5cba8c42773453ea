/** Functions, and what they capture, on their way to another process. The bytes are ../codec's. */
export { capturesNothing } from './capture';
export { captureLimit, type CaptureLimit } from './limits';
