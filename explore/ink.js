// Pen strokes in, a 28 x 28 image like MNIST's out: the twin of handwriting.py, which draws and
// shrinks with Pillow; what Pillow rounds is rounded here. Ink is 255, paper is 0.
const BOX = 20; // pixels: the digit fits into such a square
const SIDE = 28; // pixels: the image
const CANVAS_SCALE = 4; // pixels per unit of a stroke's coordinates, while it is drawn
const FAINT = 0.1; // of the brightest pixel: less is no ink
const THIN = 1.25; // pixels of the box: thinner strokes are widened
const USUAL = 2; // pixels of the box: thin strokes become that wide
const COARSE = 2; // times the box: the size at which strokes are measured
const FINE = 4; // times the box: the size at which they are widened
const WEIGHTS = 2 ** 22; // Pillow's weights of a mean are whole numbers of this part
// Of a digit's longer side, as on paper; 0.10 to 0.16 are read equally well.
const PEN_SHARE = 0.12;
const LEAST_PEN = 1; // units: the width at which a line begins
const ROUNDS = 3; // of corner cutting

// How wide the pad's pen is, for such a drawing. A small digit gets a thin line, a large one a
// thick line: both look the same when one is enlarged to the other's size, as is done below.
export function penWidth(strokes) {
  const points = strokes.flat();
  if (!points.length) return LEAST_PEN;
  const sides = [0, 1].map((axis) => extent(points, axis)).map(([low, high]) => high - low);
  return Math.max(LEAST_PEN, Math.round(100 * PEN_SHARE * Math.max(...sides)) / 100);
}

// Rounds the corners of a stroke by Chaikin's corner cutting.
function smooth(points) {
  let line = points;
  for (let round = 0; round < ROUNDS; round += 1) {
    const cut = [line[0]];
    for (let i = 1; i < line.length; i += 1) {
      const [x0, y0] = line[i - 1];
      const [x1, y1] = line[i];
      cut.push([0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1]);
      cut.push([0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1]);
    }
    cut.push(line.at(-1));
    line = cut;
  }
  return line;
}

// The least and the greatest value along an axis.
function extent(points, axis) {
  let least = Infinity;
  let greatest = -Infinity;
  for (const point of points) {
    least = Math.min(least, point[axis]);
    greatest = Math.max(greatest, point[axis]);
  }
  return [least, greatest];
}

// Half the width of a disc at each row, from its middle to its top, as Pillow draws it: Bresenham's
// way from the right end to the top, in halves of a pixel, always to the neighbour that is nearest
// to the circle. The box around it is `wide` and `tall`, which may differ by 1.
function halfWidths(wide, tall) {
  const off = ([x, y]) => Math.abs((tall * x) ** 2 + (wide * y) ** 2 - (wide * tall) ** 2);
  let at = [wide, tall % 2];
  const halves = [wide];
  while (at[0] !== wide % 2 || at[1] !== tall) {
    const [x, y] = at;
    const next = x > 1 ? [[x, y + 2], [x - 2, y + 2], [x - 2, y]] : [[x, y + 2]];
    const distances = next.map(off);
    at = next[distances.indexOf(Math.min(...distances))];
    if (at[1] > y) halves.push(at[0]);
  }
  return halves;
}

function inkRow({ pixels, width }, y, from, to) {
  if (from <= to) pixels.fill(255, y * width + from, y * width + to + 1);
}

// The round end of a line. `discs` keeps the shapes that were needed before, and the last disc: a
// slow hand leaves many points on one pixel.
function inkDisc(image, [x, y], radius, discs) {
  const left = Math.floor(x - radius);
  const top = Math.floor(y - radius);
  const wide = Math.floor(x + radius) - left;
  const tall = Math.floor(y + radius) - top;
  const place = [left, top, wide, tall].join();
  if (place === discs.last) return;
  discs.last = place;
  const halves = (discs[[wide, tall]] ??= halfWidths(wide, tall));
  halves.forEach((half, i) => {
    const up = (tall % 2) + 2 * i;
    const from = left + (wide - half) / 2;
    inkRow(image, top + (tall - up) / 2, from, from + half);
    inkRow(image, top + (tall + up) / 2, from, from + half);
  });
}

// Round to the nearest; a half is rounded away from 0, or towards it.
const away = (value) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
const towards = (value) => Math.sign(value) * Math.ceil(Math.abs(value) - 0.5);

// The straight part of a line between two pixels: a rectangle whose corners are pixels.
function inkBand(image, [ax, ay], [bx, by], thick) {
  const length = Math.hypot(bx - ax, by - ay);
  if (!length) return;
  const more = away((thick - 1) / 2) / length;
  const less = towards((thick - 1) / 2) / length;
  const left = [-towards(less * (by - ay)), away(more * (bx - ax))];
  const right = [towards(more * (by - ay)), -away(less * (bx - ax))];
  inkPolygon(image, [
    [ax + left[0], ay + left[1]],
    [bx + left[0], by + left[1]],
    [bx + right[0], by + right[1]],
    [ax + right[0], ay + right[1]],
  ]);
}

// Fills a convex polygon, row by row.
function inkPolygon(image, corners) {
  const [top, bottom] = extent(corners, 1);
  const first = new Float64Array(bottom - top + 1).fill(Infinity);
  const last = new Float64Array(bottom - top + 1).fill(-Infinity);
  const meet = (x, y) => {
    first[y - top] = Math.min(first[y - top], x);
    last[y - top] = Math.max(last[y - top], x);
  };
  corners.forEach((corner, k) => followEdge(corner, corners[(k + 1) % corners.length], meet));
  for (let y = top; y <= bottom; y += 1)
    inkRow(image, y, away(first[y - top]), towards(last[y - top]));
}

// Calls meet(x, y) for each row that an edge of a polygon meets; a level edge has its ends there.
// Pillow computes with 32 bits here.
function followEdge([x0, y0], [x1, y1], meet) {
  if (y0 === y1) {
    meet(x0, y0);
    meet(x1, y1);
    return;
  }
  const slope = Math.fround((x1 - x0) / (y1 - y0));
  for (let y = Math.min(y0, y1); y <= Math.max(y0, y1); y += 1)
    meet(Math.fround((y - y0) * slope + x0), y);
}

// Draws strokes with a round pen. An image has its bytes, row by row, its width and its height.
function drawn(strokes, pen) {
  const points = strokes.flat();
  const limits = [0, 1].map((axis) => extent(points, axis));
  const low = limits.map(([least]) => least - pen);
  const [width, height] = limits.map(([, greatest], axis) =>
    Math.ceil((greatest + pen - low[axis]) * CANVAS_SCALE));
  const image = { pixels: new Uint8Array(width * height), width, height };
  const radius = (pen * CANVAS_SCALE) / 2;
  const discs = {};
  for (const stroke of strokes) {
    const line = smooth(stroke).map((point) =>
      point.map((value, axis) => (value - low[axis]) * CANVAS_SCALE));
    const spots = line.map((point) => point.map(Math.floor));
    spots.slice(1).forEach((spot, i) => inkBand(image, spots[i], spot, rounded(2 * radius)));
    for (const point of line) inkDisc(image, point, radius, discs);
  }
  return image;
}

// The part of an image that has ink.
function crop({ pixels, width, height }) {
  const faint = FAINT * pixels.reduce((most, value) => Math.max(most, value), 0);
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let i = 0; i < pixels.length; i += 1) {
    if (pixels[i] <= faint) continue;
    left = Math.min(left, i % width);
    right = Math.max(right, i % width);
    top = Math.min(top, Math.floor(i / width));
    bottom = Math.floor(i / width);
  }
  const wide = right - left + 1;
  const part = new Uint8Array(wide * (bottom - top + 1));
  for (let y = top; y <= bottom; y += 1) {
    const row = pixels.subarray(y * width + left, y * width + right + 1);
    part.set(row, (y - top) * wide);
  }
  return { pixels: part, width: wide, height: bottom - top + 1 };
}

// Rounds as Python does: a half goes to the even neighbour.
function rounded(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}

// Shrinks or enlarges the rows of an image to so many pixels; each is the mean of those whose
// middle it covers. Returns the result with rows and columns exchanged.
function resizedRows({ pixels, width, height }, wanted) {
  const result = new Uint8Array(wanted * height);
  const scale = width / wanted;
  for (let column = 0; column < wanted; column += 1) {
    const [from, to] = covered((column + 0.5) * scale, Math.max(scale, 1), width);
    const weight = Math.round(WEIGHTS / (to - from));
    for (let row = 0; row < height; row += 1) {
      let sum = 0;
      for (let x = from; x < to; x += 1) sum += pixels[row * width + x];
      result[column * height + row] = Math.floor((sum * weight) / WEIGHTS + 0.5);
    }
  }
  return { pixels: result, width: height, height: wanted };
}

// The pixels, from the first to before the last, whose middle lies in a field so long around
// `middle`. On a border, the last bit of Pillow's own arithmetic decides.
function covered(middle, long, width) {
  const within = (x) => Math.abs((x - middle + 0.5) * (1 / long)) <= 0.5;
  const from = Math.max(0, Math.floor(middle - long / 2 + 0.5));
  const to = Math.min(width, Math.floor(middle + long / 2 + 0.5));
  return [within(from) ? from : from + 1, within(to - 1) ? to : to - 1];
}

// Resizes a digit so that its longer side has `side` pixels.
function fit(digit, side) {
  const scale = side / Math.max(digit.width, digit.height);
  const width = Math.max(1, rounded(scale * digit.width));
  const height = Math.max(1, rounded(scale * digit.height));
  return resizedRows(resizedRows(digit, width), height);
}

// How wide the strokes of a close-cropped digit are, in pixels of the box: twice its ink by the
// length of its edges, which is the sum of the gradient's magnitudes, by Roberts' cross.
function strokeWidth(digit) {
  const { pixels, width, height } = fit(digit, COARSE * BOX);
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[y * width + x]);
  let edges = 0;
  for (let y = 0; y <= height; y += 1)
    for (let x = 0; x <= width; x += 1) {
      const falling = at(x, y) - at(x - 1, y - 1);
      const rising = at(x - 1, y) - at(x, y - 1);
      edges += Math.sqrt((falling ** 2 + rising ** 2) / 2);
    }
  const ink = pixels.reduce((sum, value) => sum + value, 0);
  return (2 * ink) / edges / COARSE;
}

// A close-cropped digit, its strokes widened if they are thin. The pad's pen is not, but dots are
// measured as if it were half as wide.
function widened(digit) {
  const thickness = strokeWidth(digit);
  if (thickness >= THIN) return digit;
  const radius = (FINE * (USUAL - thickness)) / 2;
  const reach = Math.ceil(radius);
  const small = fit(digit, FINE * BOX);
  const [width, height] = [small.width + 2 * reach, small.height + 2 * reach];
  const pixels = new Uint8Array(width * height);
  const spread = (value, x, y) => {
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1) {
        const i = (y + reach + dy) * width + x + reach + dx;
        if (Math.hypot(dx, dy) <= radius) pixels[i] = Math.max(pixels[i], value);
      }
  };
  small.pixels.forEach((value, i) => {
    if (value) spread(value, i % small.width, Math.floor(i / small.width));
  });
  return crop({ pixels, width, height });
}

// Left and top of a box whose centre of mass is in the middle of the field.
function corner({ pixels, width, height }) {
  let ink = 0;
  let x = 0;
  let y = 0;
  pixels.forEach((value, i) => {
    ink += value;
    x += value * (i % width);
    y += value * Math.floor(i / width);
  });
  const place = (centre, length) =>
    Math.min(SIDE - length, Math.max(0, rounded(SIDE / 2 - centre)));
  return [place(x / ink, width), place(y / ink, height)];
}

// The image, 28 x 28 bytes, of a drawing with at least one point.
export function digitImage(strokes, pen) {
  const digit = fit(widened(crop(drawn(strokes, pen))), BOX);
  const [left, top] = corner(digit);
  const field = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < digit.height; y += 1) {
    const row = digit.pixels.subarray(y * digit.width, (y + 1) * digit.width);
    field.set(row, (top + y) * SIDE + left);
  }
  return field;
}
