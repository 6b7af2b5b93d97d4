export interface RadiographMessage {
  readonly uid: string;
  /** the series of the CT that the radiograph was read with */
  readonly ctSeriesUid: string;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopUid: string;
}

/** The reading of a chest radiograph in the form of LIDC-IDRI's own: 283 of its 1,318 files are such. */
export function encodeRadiographMessage(message: RadiographMessage): string {
  const { uid, ctSeriesUid, studyUid, seriesUid, sopUid } = message;
  return `<?xml version="1.0" encoding="UTF-8"?>
<IdriReadMessage uid="${uid}" xmlns="http://www.nih.gov/idri" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.nih.gov/idri http://troll.rad.med.umich.edu/idri/IdriReadMessage.xsd">
<ResponseHeader>
<Version>1.4</Version>
<MessageId>1</MessageId>
<DateRequest>2000-01-01</DateRequest>
<TimeRequest>12:00:00</TimeRequest>
<RequestingSite>removed</RequestingSite>
<ServicingSite>removed</ServicingSite>
<TaskDescription>CXR read</TaskDescription>
<CTImageFile>removed</CTImageFile>
<CTSeriesInstanceUid>${ctSeriesUid}</CTSeriesInstanceUid>
<CXRImageFile>removed</CXRImageFile>
<CXRSeriesInstanceUid>${seriesUid}</CXRSeriesInstanceUid>
<Modality>CXR</Modality>
<DateService>2000-01-01</DateService>
<TimeService>12:00:00</TimeService>
<ResponseDescription>1 - Reading complete</ResponseDescription>
<ResponseComments>Simulated reading of a phantom</ResponseComments>
<StudyInstanceUID>${studyUid}</StudyInstanceUID>
<SeriesInstanceUID>${seriesUid}</SeriesInstanceUID>
</ResponseHeader>
<CXRreadingSession>
<servicingRadiologistID>anonymous</servicingRadiologistID>
<unblindedRead>
<noduleID>Nodule 001</noduleID>
<characteristics>
<confidence>3</confidence>
<subtlety>3</subtlety>
<obscuration>2</obscuration>
</characteristics>
<roi>
<imageSOP_UID>${sopUid}</imageSOP_UID>
<edgeMap><xCoord>20</xCoord><yCoord>30</yCoord></edgeMap>
</roi>
</unblindedRead>
</CXRreadingSession>
</IdriReadMessage>
`;
}
