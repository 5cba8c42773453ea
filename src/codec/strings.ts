/** Strings to bytes: Latin-1 where that does, else UTF-16, in which lone surrogates stay what they are. */
import type { ByteWriter } from './bytes';
import { Tag } from './format';

/** Longer strings are looked at and copied in one piece each. */
const LONG_STRING = 24;
/** In one-byte strings V8 knows without a look that nothing matches. */
const BEYOND_LATIN1 = /[^\0-\xff]/;

/** Writes a string as a value. */
export function writeString(out: ByteWriter, text: string): void {
  const { length } = text;
  out.byte(Tag.LATIN1);
  if (length <= LONG_STRING) {
    const start = out.at;
    out.byte(length);
    if (out.shortLatin1(text)) return;
    out.at = start;
  } else if (!BEYOND_LATIN1.test(text)) {
    out.count(length);
    return out.latin1(text);
  }
  out.at--;
  out.byte(Tag.UTF16);
  out.count(length);
  out.utf16(text);
}
