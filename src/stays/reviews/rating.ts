/** A rating as it is kept, in hundredths: 9.20 of 10 is 920 of 1000, and a score of 460 of 500. */
export interface Rating {
  ratingHundredths: number;
  ratingScaleHundredths: number;
  scoreHundredths: number;
  lowRating: boolean;
}

/** Somebody should look at a score of 3.00 of 5 or less. */
const LOW_HUNDREDTHS = 300;

/** What a rating comes to out of 5: rating / scale × 5, half up. Both must have been found without a problem. */
export function rate(rating: number, scale: number): Rating {
  const ratingHundredths = toHundredths(rating);
  const ratingScaleHundredths = toHundredths(scale);
  // Doubled, so that the half is a whole number and nothing is lost before the one division.
  const scoreHundredths = Math.floor((ratingHundredths * 1_000 + ratingScaleHundredths) / (2 * ratingScaleHundredths));
  return { ratingHundredths, ratingScaleHundredths, scoreHundredths, lowRating: scoreHundredths <= LOW_HUNDREDTHS };
}

/** The sources whose guests rate out of 10 and that import tools leave unsaid; all others are taken to rate out of 5. */
const OUT_OF_TEN = new Set(['booking', 'booking.com', 'agoda', 'hotels.com', 'expedia', 'hostelworld', 'trip.com']);

export const usualScale = (source: string): number => (OUT_OF_TEN.has(source) ? 10 : 5);

const BEST = 100;

export function ratingProblems(rating: number, scale: number) {
  const scaleWrong = !(toHundredths(scale) > 0 && scale <= BEST) && `must be above 0 and at most ${BEST}`;
  return {
    rating:
      !scaleWrong &&
      !(rating >= 0 && toHundredths(rating) <= toHundredths(scale)) &&
      `must be from 0 to ${scale}; say rating_scale if it is out of more`,
    ratingScale: scaleWrong,
  };
}

/** Half up, by the number as it is written: 1.005 is 101, though its double lies a little below. Averages have more digits. */
function toHundredths(value: number): number {
  return Math.floor(Number((value * 100).toFixed(6)) + 0.5);
}
