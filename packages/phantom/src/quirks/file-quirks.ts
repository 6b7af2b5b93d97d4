import { at } from '@clip-lung/tensor';

import { encodeRadiograph } from '../dicom/radiograph.js';
import { encodeLidcMessage } from '../lidc-message.js';
import { encodeRadiographMessage } from '../radiograph-message.js';
import { annotatedNodules } from './annotated.js';
import { type Changed, type Draft, pathOf, type Quirk } from './quirk.js';

/** The reading of a chest radiograph of the same patient, in a folder of its own. */
export const addRadiograph: Quirk = (draft) => {
  const { uids, number, message } = draft;
  const study = draft.folder.split('/').slice(0, -1).join('/');
  const name = `${study}/3000002.000000-radiograph/${draft.xmlName}`;
  const xml = encodeRadiographMessage({
    uid: uids.uid('copied-message', number),
    ctSeriesUid: message.seriesUid,
    studyUid: message.studyUid,
    seriesUid: uids.uid('other-series', number),
    sopUid: uids.uid('other-image', number),
  });
  return withText(draft, name, xml);
};

/** The annotations once more in a second file, with another header. */
export const repeatAnnotations: Quirk = (draft) => {
  const { uids, number, message } = draft;
  const uid = uids.uid('copied-message', number);
  const name = draft.xmlName.replace('.xml', 'b.xml');
  return withText(
    draft,
    pathOf(draft, name),
    encodeLidcMessage({ ...message, uid }),
  );
};

/** The annotations as they are corrected what came before them: a nodule that one reader's session lacks. */
export const correctAnnotations: Quirk = (draft) => {
  const { message, xmlName } = draft;
  const found = annotatedNodules(draft)[0];
  if (found === undefined) return undefined;
  const sessions = message.sessions.map((session, index) => ({
    ...session,
    nodules: session.nodules.filter(
      ({ id }) => index !== found.session || id !== found.nodule.id,
    ),
  }));
  const wrong = encodeLidcMessage({ ...message, sessions });
  const name = xmlName.replace('.xml', '-resubmitted-correction.xml');
  const changed = withText(
    { ...draft, xmlName: name },
    pathOf(draft, xmlName),
    wrong,
  );
  return {
    ...changed,
    placed: {
      files: [pathOf(draft, xmlName), pathOf(draft, name)],
      session: found.session,
      noduleId: found.nodule.id,
    },
  };
};

/** A radiograph's image among the slices. */
export const addOtherModality: Quirk = (draft) => {
  const { uids, number, message, slices } = draft;
  const bytes = encodeRadiograph({
    patientId: at(slices, 0).patientId,
    studyUid: message.studyUid,
    seriesUid: uids.uid('other-series', number),
    sopUid: uids.uid('other-image', number),
  });
  const name = pathOf(draft, '2-001.dcm');
  return withFile(draft, name, bytes);
};

function withText(draft: Draft, name: string, text: string): Changed {
  return withFile(draft, name, new TextEncoder().encode(text));
}

function withFile(draft: Draft, name: string, bytes: Uint8Array): Changed {
  return {
    draft: { ...draft, others: [...draft.others, { name, bytes }] },
    placed: { files: [name] },
  };
}
