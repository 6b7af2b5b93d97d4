/** The value of an encapsulated Pixel Data element that holds one image in one fragment. @see DICOM PS3.5 §A.4 */
export function encapsulate(image: Uint8Array): Uint8Array {
  // A fragment's length is even.
  const length = image.length + (image.length % 2);
  const bytes = new Uint8Array(12 + 8 + length + 8);
  const view = new DataView(bytes.buffer);
  const item = (offset: number, element: number, size: number): void => {
    view.setUint16(offset, 0xfffe, true);
    view.setUint16(offset + 2, element, true);
    view.setUint32(offset + 4, size, true);
  };
  // The first item is the table of offsets: the only image starts at 0.
  item(0, 0xe000, 4);
  item(12, 0xe000, length);
  bytes.set(image, 20);
  item(20 + length, 0xe0dd, 0);
  return bytes;
}
