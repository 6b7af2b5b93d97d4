import type { RandomStream } from '@clip-lung/tensor';

/** x (columns), y (rows), z (slices, upwards), in mm where nothing else is said. */
export type Vec3 = readonly [x: number, y: number, z: number];

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vec3, b: Vec3): Vec3 {
  return [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
}

export function distance(a: Vec3, b: Vec3): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** A unit vector, uniform on the sphere (Archimedes: z is uniform). */
export function randomDirection(random: RandomStream): Vec3 {
  const z = random.uniform(-1, 1);
  const angle = random.uniform(0, 2 * Math.PI);
  const radius = Math.sqrt(1 - z * z);
  return [radius * Math.cos(angle), radius * Math.sin(angle), z];
}

/** Three orthonormal vectors in random orientation, right-handed. */
export function randomFrame(random: RandomStream): readonly [Vec3, Vec3, Vec3] {
  const first = randomDirection(random);
  const second = perpendicular(first, random);
  return [first, second, cross(first, second)];
}

/** A unit vector perpendicular to `direction`, at a random angle around it. */
export function perpendicular(direction: Vec3, random: RandomStream): Vec3 {
  for (;;) {
    const [x, y, z] = cross(direction, randomDirection(random));
    const length = Math.hypot(x, y, z);
    // Nearly parallel draws would be normalised from rounding errors.
    if (length > 0.1) return [x / length, y / length, z / length];
  }
}

/** `count` unit vectors spread evenly over the sphere (the golden-angle spiral). */
export function sphereDirections(count: number): readonly Vec3[] {
  const goldenAngle = Math.PI * (3 - Math.sqrt(5));
  return Array.from({ length: count }, (_, i) => {
    const z = 1 - (2 * i + 1) / count;
    const radius = Math.sqrt(1 - z * z);
    const angle = i * goldenAngle;
    return [radius * Math.cos(angle), radius * Math.sin(angle), z] as const;
  });
}
