/** A file that models cannot be shown. Whoever knows where it was named makes an `AppError` of it. */
export class FileRejection extends Error {
  override readonly name = 'FileRejection';

  /** @param reason a part of a sentence about the file: "it is encrypted". */
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
  }
}
