/** Answers to the questions about how bad it is. */
export type SeverityAnswer = 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH' | 'UNSURE';

export interface Answers {
  extent: SeverityAnswer | '';
  impact: SeverityAnswer | '';
  urgency: SeverityAnswer | '';
  isSecurityBreach: boolean;
  isDataBreach: boolean;
  isOffHours: boolean;
}

export const NO_ANSWERS: Answers = {
  extent: '',
  impact: '',
  urgency: '',
  isSecurityBreach: false,
  isDataBreach: false,
  isOffHours: false,
};

/** What is special about the incident, by the answers. */
export const flagsOf = ({ isSecurityBreach, isDataBreach }: Answers): ('SECURITY_BREACH' | 'DATA_BREACH')[] => [
  ...(isSecurityBreach ? (['SECURITY_BREACH'] as const) : []),
  ...(isDataBreach ? (['DATA_BREACH'] as const) : []),
];
