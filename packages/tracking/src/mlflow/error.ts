import { ClipLungError } from '@clip-lung/tensor';

/** What an MLflow server answers, or that it does not. The message starts with its address. */
export class MlflowError extends ClipLungError {
  readonly code = 'mlflow';

  constructor(
    /** without a user's name and password */
    readonly address: string,
    problem: string,
    options?: ErrorOptions & {
      /** MLflow's own: `RESOURCE_DOES_NOT_EXIST` */
      readonly serverCode?: string | undefined;
    },
  ) {
    super(`${address}: ${problem}`, options);
    this.serverCode = options?.serverCode;
  }

  readonly serverCode: string | undefined;
}

/** A run that is not ready to be exported. The message starts with its folder. */
export class UnfinishedRunError extends ClipLungError {
  readonly code = 'unfinished-run';
}

/** An address that cannot be an MLflow server's. */
export class MlflowAddressError extends ClipLungError {
  readonly code = 'mlflow-address';
}
