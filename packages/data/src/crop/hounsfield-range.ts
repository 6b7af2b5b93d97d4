/**
 * Why values of a crop can hardly be HU; undefined where they may well be. Crops of the lung hold air, at −1000 HU, and tissue,
 * from −100 HU on: values that are all positive, or that span a few units, were scaled, or have their air at 0.
 */
export function whyNotHounsfield(values: Iterable<number>): string | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) return `holds ${value}`;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const range = `holds values from ${short(low)} to ${short(high)}`;
  if (low >= -1 && high <= 1) {
    return `${range}, as images scaled to ${low < 0 ? '−1…1' : '0…1'} do`;
  }
  if (low >= 0 && high <= 255) return `${range}, as images of 8 bits do`;
  if (low >= 0) return `${range}, as images with their air at 0 do`;
  if (high - low < 20) {
    return `${range}: too small a range for lung and tissue, as in standardised images`;
  }
  return undefined;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
