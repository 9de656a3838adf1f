/** The channels with this one silenced or not: the API takes all of them at once. */
export const withChannel = <Channel extends string>(quiet: readonly Channel[], channel: Channel, isQuiet: boolean): Channel[] => [
  ...quiet.filter((other) => other !== channel),
  ...(isQuiet ? [channel] : []),
];
