// Calendar time and windows. Days are counted from 0001-01-01 (day 1), moments in seconds.

const SECONDS_A_DAY = 86400, LAST_DAY = 3652059, FIRST_YEAR = 1800, LAST_YEAR = 2200;
const leap = (year) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const monthDays = (year, month) => [31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
const BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const daysBeforeYear = (year) => {
  const y = year - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
};
const dayOf = (year, month, day) =>
  daysBeforeYear(year) + BEFORE_MONTH[month - 1] + (month > 2 && leap(year) ? 1 : 0) + day;
function dateOf(day) { // [year, month, day]
  let year = Math.floor((day - 1) / 365.2425) + 1;
  while (daysBeforeYear(year) >= day) year--;
  while (daysBeforeYear(year + 1) < day) year++;
  let rest = day - daysBeforeYear(year), month = 1;
  while (rest > monthDays(year, month)) rest -= monthDays(year, month++);
  return [year, month, rest];
}
const clamped = (value, low, high) => Math.min(Math.max(value, low), high);
function shifted(day, months) {
  const [year, month, date] = dateOf(clamped(day, 1, LAST_DAY));
  const index = year * 12 + month - 1 + months;
  const toYear = clamped(Math.floor(index / 12), 1, 9999), toMonth = ((index % 12) + 12) % 12 + 1;
  return dayOf(toYear, toMonth, Math.min(date, monthDays(toYear, toMonth)));
}
function completed(months, start, end) { // the largest n with start + n × months not after end
  const first = dateOf(start), last = dateOf(end);
  let n = months === 12 ? last[0] - first[0] + 1 : (last[0] - first[0]) * 12 + last[1] - first[1] + 1;
  while (shifted(start, n * months) > end) n--;
  return n;
}

// The first and last day of a full or partial date; a text with the name of what is wrong with it otherwise.
function daysOf(text) {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  if (!match) return "date_form";
  const [year, month, day] = match.slice(1).map((each) => each === undefined ? null : Number(each));
  if (year < FIRST_YEAR || year > LAST_YEAR) return "date_year";
  if (month === null) return [dayOf(year, 1, 1), dayOf(year, 12, 31)];
  if (month < 1 || month > 12) return "date_month";
  const last = monthDays(year, month);
  if (day === null) return [dayOf(year, month, 1), dayOf(year, month, last)];
  if (day < 1 || day > last) return "date_day";
  return [dayOf(year, month, day), dayOf(year, month, day)];
}
function secondsOf(text) {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!match) {
    if (/^.*(Z|[+-]\d{2}:?\d{2})$/.test(text) && text.includes("T")) return "time_zone";
    const days = daysOf(text);
    if (typeof days === "string") return days === "date_form" ? "time_form" : days;
    return [days[0] * SECONDS_A_DAY, days[1] * SECONDS_A_DAY + SECONDS_A_DAY - 1];
  }
  const days = daysOf(match[1]), [hour, minute, second] = [match[2], match[3], match[4] || "0"].map(Number);
  if (typeof days === "string") return days;
  if (hour > 23 || minute > 59 || second > 59) return "time_form";
  const moment = days[0] * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
  return [moment, moment];
}
const padded = (value, places) => String(value).padStart(places, "0");
function dayText(day) {
  const [year, month, date] = dateOf(day);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(date, 2)}`;
}

// ---- windows beside an anchor, with dates and lengths that may be known in part only

function moved(day, sign, months, units) {
  if (endless(day)) return day;
  if (units === Infinity) return sign * Infinity;
  const start = months ? shifted(towardsZero(day), sign * months) : towardsZero(day);
  return plus(start, times(sign, towardsZero(units)));
}
function movedMoment(moment, sign, months, days) {
  if (endless(moment)) return moment;
  if (days === Infinity) return sign * Infinity;
  const whole = towardsZero(moment), day = Math.floor(whole / SECONDS_A_DAY), second = whole - day * SECONDS_A_DAY;
  return plus(shifted(day, sign * months) * SECONDS_A_DAY + second,
    times(sign, towardsZero(times(days, SECONDS_A_DAY))));
}
function inCalendar(bounds, moments) {
  const last = LAST_DAY * (moments ? SECONDS_A_DAY : 1);
  return [bounds.low, bounds.high].every((end) => endless(end) || (compare(end, 1) >= 0 && compare(end, last) <= 0));
}
function edge(sign, months, units, up, further) {
  const whole = units === Infinity ? units : (up ? ceiling : floor)(units);
  return (anchor) => plus(moved(anchor, sign, months, whole), further);
}
const anchorItself = (anchor) => anchor;
function stretch(kind, direction, months, units) { // [low, high], null for an open side
  const sign = direction === "before" ? -1 : 1;
  if (kind === "within") {
    return [direction === "after" ? anchorItself : edge(-1, months, units, false, 0),
      direction === "before" ? anchorItself : edge(1, months, units, false, 0)];
  }
  if (kind === "less than") {
    const near = edge(sign, months, units, true, -sign);
    return sign < 0 ? [near, anchorItself] : [anchorItself, near];
  }
  const far = kind === "at least" ? edge(sign, months, units, true, 0) : edge(sign, months, units, false, sign);
  return sign < 0 ? [null, far] : [far, null];
}
function overlap(start, end, anchor, [low, high]) {
  if (anchor.unknown) return null;
  if (low && high && compare(low(anchor.low), high(anchor.low)) > 0) return false;
  const endLow = greatest([start.low, end.low]), startHigh = least([start.high, end.high]);
  if ((!high || compare(startHigh, high(anchor.low)) <= 0) && (!low || compare(low(anchor.high), endLow) <= 0)) {
    return true;
  }
  const first = high ? greatest([anchor.low, leastAnchor(high, start.low)]) : anchor.low;
  const possible = compare(first, anchor.high) <= 0 && (!low || compare(low(first), end.high) <= 0);
  return possible ? null : false;
}
function leastAnchor(high, start) {
  if (endless(start)) return start;
  const length = minus(high(start), start);
  if (endless(length)) return negative(length);
  let candidate = minus(minus(start, length), 4); // months differ by up to three days
  while (compare(high(candidate), start) < 0) candidate = plus(candidate, 1);
  return candidate;
}
function fitsWindow(start, end, anchor, kind, direction, months, units) {
  const low = overlap(start, end, anchor, stretch(kind, direction, months, units.low));
  if (units.exact) return low;
  const high = overlap(start, end, anchor, stretch(kind, direction, months, units.high));
  return low === high ? low : null; // windows only grow, or only shrink, with their length
}
function betweenDays(start, end, low, high) {
  const endLow = greatest([start.low, end.low]), startHigh = least([start.high, end.high]);
  if (compare(startHigh, high.low) <= 0 && compare(low.high, endLow) <= 0 && compare(low.high, high.low) <= 0) {
    return true;
  }
  const possible = compare(low.low, high.high) <= 0 && compare(start.low, high.high) <= 0 &&
    compare(low.low, end.high) <= 0;
  return possible ? null : false;
}
