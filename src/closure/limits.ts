/** How much one capture may drag along before it is refused: a closure over half a program is rarely meant. */
export interface CaptureLimit {
  functions: number;
  /** Of source, in UTF-16 units. */
  bytes: number;
  milliseconds: number;
}

export const captureLimit: CaptureLimit = { functions: 1000, bytes: 1_000_000, milliseconds: 2000 };
