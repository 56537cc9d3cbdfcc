export { hostilePdfs, pdfBytes, pdfOf, pdfStream } from './pdf-bytes.ts';
export { PIXEL_PNG } from './pixel.ts';
