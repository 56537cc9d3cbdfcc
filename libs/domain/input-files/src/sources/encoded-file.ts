import { FileRejection } from '../file-rejection.ts';
import type { NamedContent } from '../named-content.ts';
import { FILE_BYTES_MAX } from '../named-content.ts';

const DATA_URL = /^data:([^,;]*)((?:;[^,;]*)*),/i;

/** Returns the content of `file_data`: base64, or a data URL with it. @throws {FileRejection} */
export function decodeFileData(data: string): Omit<NamedContent, 'name'> {
  const url = DATA_URL.exec(data.slice(0, 1_024));
  if (url === null) return { bytes: fromBase64(data) };
  const [start, mediaType, parameters] = url as unknown as [string, string, string];
  if (!/;base64$/i.test(parameters)) throw new FileRejection('its data URL is not in base64');
  const charset = /;charset=([^;]+)/i.exec(parameters)?.[1];
  return { bytes: fromBase64(data.slice(start.length)), mediaType: mediaType.toLowerCase(), charset };
}

function fromBase64(text: string): Buffer {
  const compact = text.replaceAll(/\s/g, '');
  const bytes = Buffer.from(compact, 'base64');
  // Buffer skips what is not base64.
  const digits = compact.replace(/={1,2}$/, '').length;
  if (digits % 4 === 1 || bytes.length !== Math.floor((digits * 3) / 4))
    throw new FileRejection('it is neither base64 nor a data URL with base64');
  if (bytes.length > FILE_BYTES_MAX) throw new FileRejection(`it is larger than ${FILE_BYTES_MAX} bytes`);
  return bytes;
}
