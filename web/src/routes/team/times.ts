/** From when until when, in words. */
import { clockTime, weekday } from '$lib/time/format';
import { t } from '$text';

const moment = (at: number) => {
  const iso = new Date(at).toISOString();
  return `${weekday(iso)}, ${clockTime(iso)}`;
};

export function timesOf({ startsAt, endsAt }: { startsAt: number; endsAt: number | undefined }): string {
  return endsAt === undefined ? t.team.onCall.from(moment(startsAt)) : `${moment(startsAt)} – ${moment(endsAt)}`;
}
