import type { ByteRange } from '@xerotier/object-store';

/** A part of content that consists of several blobs. */
export interface Segment {
  readonly blobId: string;
  readonly bytes: number;
}

/** What of each segment is within a range of them all, in their order; without those that have nothing of it. */
export function* segmentRanges<S extends Pick<Segment, 'bytes'>>(
  segments: readonly S[],
  { start, end }: ByteRange = { start: 0, end: Number.MAX_SAFE_INTEGER },
): Generator<{ readonly segment: S; readonly range: ByteRange }> {
  let at = 0;
  for (const segment of segments) {
    const range = { start: Math.max(0, start - at), end: Math.min(segment.bytes, end - at) };
    if (range.start < range.end) yield { segment, range };
    at += segment.bytes;
  }
}
