import { ClipLungError, FileFormatError } from '@clip-lung/tensor';

/** An annotation file that is no whole, well-formed LIDC message. The message starts with the file's name. */
export class LidcXmlError extends FileFormatError {}

/** A DICOM file that is cut short, malformed, or holds what a CT slice cannot hold. */
export class DicomError extends FileFormatError {}

/** A DICOM file whose pixels are encoded in a transfer syntax that is not read here. */
export class UnsupportedSyntaxError extends DicomError {
  constructor(
    file: string,
    /** the transfer syntax UID */
    readonly syntax: string,
    problem: string,
  ) {
    super(file, problem);
  }
}

/** Slices that do not make up one volume: tilted gantry, unequal sizes, too few of them. */
export class SeriesError extends ClipLungError {
  readonly code = 'series';

  constructor(
    /** the Series Instance UID */
    readonly series: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`series ${series}: ${problem}`, options);
  }
}

/** An input folder that does not hold what the job needs, or an output folder that it may not touch. */
export class InputError extends ClipLungError {
  readonly code = 'input';
}

/** A source of one's own that is not what a source must be, does not keep to what it says, or fails. */
export class SourceError extends ClipLungError {
  readonly code = 'source';
}

/** An option outside its range. */
export class OptionError extends ClipLungError {
  readonly code = 'option';
}

/** A file of a dataset folder that is missing, malformed, or disagrees with the others. */
export class DatasetError extends FileFormatError {}

/** A patient on both sides of a split: results measured on such a split are worthless, so nothing may go on. */
export class PatientLeakError extends ClipLungError {
  readonly code = 'patient-leak';
}
