/** What a schedule is told of the training that it is for. */
export interface ScheduledRun {
  /** the learning rate that the schedule is of, such as its highest */
  readonly base: number;
  /** optimiser steps in all: epochs · stepsPerEpoch */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/**
 * The learning rate of every step of a training: a pure function, so that a run that goes on needs nothing saved about it.
 *
 * @param step counted from 0, over all epochs
 * @returns the rate, at least 0
 */
export type Schedule = (step: number, run: ScheduledRun) => number;
