const MIB = 1024 ** 2;

/** Maximum number of parts of an upload. */
export const PARTS_MAX = 10_000;
/** Maximum size of an upload: 8 GB. */
export const UPLOAD_BYTES_MAX = 8 * 1024 ** 3;
/** Maximum size of a part: 64 MB. */
export const PART_BYTES_MAX = 64 * MIB;
/** Maximum size of a part of a model. */
export const MODEL_PART_BYTES_MAX = 100 * MIB;
/** Maximum size of an upload of a model: about 976 GiB. */
export const MODEL_BYTES_MAX = PARTS_MAX * MODEL_PART_BYTES_MAX;
