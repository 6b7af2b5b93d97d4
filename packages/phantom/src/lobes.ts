import { at, type RandomStream } from '@clip-lung/tensor';

import { dot, randomDirection, type Vec3 } from './vector.js';

/**
 * A nodule's lobes: a sum of spherical harmonics of the degrees 3 to 8. Lower degrees are left out, as they are size, place and
 * elongation, and so of other attributes.
 *
 * The coefficients are those of six equal bumps in random directions. By the addition theorem, a bump's harmonics of degree n
 * add up to aₙ Pₙ(cos θ), θ being the angle to its direction and Pₙ Legendre's polynomial, so that the field is one
 * polynomial of the cosine for each direction.
 *
 * @returns x y z of each lobe's direction, [3 · lobes]; at least 50° apart, where a few tries find them
 */
export function drawLobes(random: RandomStream): Float64Array {
  const lobes: Vec3[] = [];
  while (lobes.length < lobeCount) {
    let direction = randomDirection(random);
    for (let tries = 0; tries < 50; tries++) {
      if (lobes.every((lobe) => dot(lobe, direction) < Math.cos(0.87))) break;
      direction = randomDirection(random);
    }
    lobes.push(direction);
  }
  return Float64Array.from(lobes.flat());
}

/** The lobes' field in the direction of a unit vector: about 1 on a lobe, 0 on the average over the sphere. */
export function lobesAt(
  lobes: Float64Array,
  x: number,
  y: number,
  z: number,
): number {
  let sum = 0;
  for (let i = 0; i < lobes.length; i += 3) {
    const cosine =
      x * (lobes[i] as number) +
      y * (lobes[i + 1] as number) +
      z * (lobes[i + 2] as number);
    let value = 0;
    for (let power = highestDegree; power >= 0; power--) {
      value = value * cosine + (profile[power] as number);
    }
    sum += value;
  }
  return sum;
}

const lobeCount = 6;
const lowestDegree = 3;
const highestDegree = 8;
/** Concentration of a bump exp(κ (cos θ − 1)), half as high at 26°. */
const concentration = 7;

/** Coefficients of the powers of cos θ in Σ aₙ Pₙ(cos θ), scaled to 1 at θ = 0. */
const profile = lobeProfile();

function lobeProfile(): readonly number[] {
  const sum = Array.from({ length: highestDegree + 1 }, () => 0);
  for (let degree = lowestDegree; degree <= highestDegree; degree++) {
    const legendre = legendrePolynomial(degree);
    const weight = bumpCoefficient(legendre, degree);
    for (const [power, value] of legendre.entries()) {
      sum[power] = at(sum, power) + weight * value;
    }
  }
  const peak = sum.reduce((total, value) => total + value, 0);
  return sum.map((value) => value / peak);
}

/** By Bonnet's recursion: (n + 1) Pₙ₊₁ = (2n + 1) t Pₙ − n Pₙ₋₁. @returns coefficients of the powers of t */
function legendrePolynomial(degree: number): readonly number[] {
  let before: readonly number[] = [1];
  let current: readonly number[] = [0, 1];
  if (degree === 0) return before;
  for (let n = 1; n < degree; n++) {
    const next = Array.from({ length: n + 2 }, (_, power) => {
      const shifted = power === 0 ? 0 : at(current, power - 1);
      // Pₙ₋₁ has no higher powers than n − 1.
      const last = power < n ? at(before, power) : 0;
      return ((2 * n + 1) * shifted - n * last) / (n + 1);
    });
    before = current;
    current = next;
  }
  return current;
}

/** aₙ = (2n + 1) / 2 · ∫ exp(κ (t − 1)) Pₙ(t) dt over −1 to 1, by the midpoint rule. */
function bumpCoefficient(legendre: readonly number[], degree: number): number {
  const steps = 2000;
  let integral = 0;
  for (let i = 0; i < steps; i++) {
    const t = (2 * i + 1) / steps - 1;
    const value = legendre.reduceRight((sum, part) => sum * t + part, 0);
    integral += (Math.exp(concentration * (t - 1)) * value * 2) / steps;
  }
  return ((2 * degree + 1) / 2) * integral;
}
