/** IEEE half precision to float32, exactly. */
export function widenHalf(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const value = Number(bits[i]);
    const sign = (value & 0x8000) << 16;
    const exponent = (value >> 10) & 0x1f;
    let fraction = value & 0x3ff;
    if (exponent === 31) {
      wide[i] = sign | 0x7f800000 | (fraction << 13);
    } else if (exponent > 0) {
      wide[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    } else if (fraction === 0) {
      wide[i] = sign;
    } else {
      // Below the normal range of halves, and well within that of float32.
      let shift = 113;
      while ((fraction & 0x400) === 0) {
        fraction <<= 1;
        shift--;
      }
      wide[i] = sign | (shift << 23) | ((fraction & 0x3ff) << 13);
    }
  }
  return new Float32Array(wide.buffer);
}
