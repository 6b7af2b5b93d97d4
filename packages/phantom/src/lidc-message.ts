import { ratingNames, type Ratings } from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import { decimal } from './dicom/ct-slice.js';

/** A region on one slice: a closed contour, or the single point of a small mark. */
export interface MessageRegion {
  /** Image Position (Patient) z, mm */
  readonly z: number;
  readonly sopUid: string;
  /** x₀ y₀ x₁ y₁ …: columns and rows, zero-based */
  readonly points: readonly number[];
  /** whether the contour is that of a hole */
  readonly hole?: boolean;
}

/** A nodule of at least 3 mm with ratings, or a smaller one without. */
export interface MessageNodule {
  readonly id: string;
  /** `empty` is an element `characteristics` without anything in it, which real files have */
  readonly ratings?: Ratings | 'empty';
  readonly regions: readonly MessageRegion[];
}

export interface MessageSession {
  readonly nodules: readonly MessageNodule[];
  readonly nonNodules: readonly {
    readonly id: string;
    readonly place: MessageRegion;
  }[];
}

export interface LidcMessage {
  readonly uid: string;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sessions: readonly MessageSession[];
}

/**
 * An annotation file in the form of LIDC-IDRI's own: message version 1.8, names and order of elements as there.
 * All values are numbers, UIDs and codes, so nothing needs escaping.
 */
export function encodeLidcMessage(message: LidcMessage): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<LidcReadMessage uid="${message.uid}" xmlns="http://www.nih.gov" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.nih.gov http://troll.rad.med.umich.edu/lidc/LidcReadMessage.xsd">`,
    '<ResponseHeader>',
    element('Version', '1.8'),
    element('MessageId', '1'),
    element('DateRequest', '2000-01-01'),
    element('TimeRequest', '12:00:00'),
    element('RequestingSite', 'removed'),
    element('ServicingSite', 'removed'),
    element('TaskDescription', 'Second unblinded read'),
    element('CtImageFile', 'removed'),
    element('SeriesInstanceUid', message.seriesUid),
    element('DateService', '2000-01-01'),
    element('TimeService', '12:00:00'),
    element('ResponseDescription', '1 - Reading complete'),
    element('ResponseComments', 'Simulated readings of a phantom'),
    element('StudyInstanceUID', message.studyUid),
    '</ResponseHeader>',
    ...message.sessions.flatMap(sessionLines),
    '</LidcReadMessage>',
  ];
  return `${lines.join('\n')}\n`;
}

function sessionLines(session: MessageSession): readonly string[] {
  return [
    '<readingSession>',
    element('annotationVersion', '3.12'),
    element('servicingRadiologistID', 'anon'),
    ...session.nodules.flatMap(noduleLines),
    ...session.nonNodules.flatMap(({ id, place }) => [
      '<nonNodule>',
      element('nonNoduleID', id),
      ...placeLines(place),
      ...pointLines('locus', place.points),
      '</nonNodule>',
    ]),
    '</readingSession>',
  ];
}

function noduleLines({
  id,
  ratings,
  regions,
}: MessageNodule): readonly string[] {
  return [
    '<unblindedReadNodule>',
    element('noduleID', id),
    ...ratingLines(ratings),
    ...regions.flatMap((region) => [
      '<roi>',
      ...placeLines(region),
      element('inclusion', region.hole === true ? 'FALSE' : 'TRUE'),
      ...pointLines('edgeMap', region.points),
      '</roi>',
    ]),
    '</unblindedReadNodule>',
  ];
}

function ratingLines(ratings: MessageNodule['ratings']): readonly string[] {
  if (ratings === undefined) return [];
  const given =
    ratings === 'empty'
      ? []
      : ratingNames.map((name) => element(name, String(ratings[name])));
  return ['<characteristics>', ...given, '</characteristics>'];
}

function placeLines({ z, sopUid }: MessageRegion): readonly string[] {
  // The real files write whole positions as `-156.0`.
  const position = Number.isInteger(z) ? z.toFixed(1) : decimal(z);
  return [element('imageZposition', position), element('imageSOP_UID', sopUid)];
}

function pointLines(
  name: string,
  points: readonly number[],
): readonly string[] {
  return Array.from(
    { length: points.length / 2 },
    (_, i) =>
      `<${name}><xCoord>${at(points, 2 * i)}</xCoord><yCoord>${at(points, 2 * i + 1)}</yCoord></${name}>`,
  );
}

function element(name: string, value: string): string {
  return `<${name}>${value}</${name}>`;
}
