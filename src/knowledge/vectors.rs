//! Search by meaning: the passages' vectors in one matrix, run through row by row.
//!
//! A number takes one byte: each row has a scale of its own, which is what its greatest number stands for. That is a
//! quarter of the memory, and of the time, for memory is what such a search waits for; the order of the best is nearly
//! the same. A question keeps twelve bits. The products are whole numbers, so their sum is the same in any order and the
//! compiler may take them sixteen at a time.

/// Numbers that are multiplied at once; rows are as long as a multiple of it.
const BLOCK: usize = 32;
/// The greatest number of a row, and of a question: 8,192 products of both are still an `i32`.
const ROW_MAX: f32 = 127.0;
const QUESTION_MAX: f32 = 2047.0;
/// The share of the passages that must have a vector before any is used: without one a passage would be passed over.
const COVERED: f64 = 0.9;

/// A passage's vector, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packed {
    scale: f32,
    numbers: Vec<i8>,
}

impl Packed {
    /// Packs a vector of length 1.
    pub(super) fn of(vector: &[f32]) -> Self {
        let scale = greatest(vector) / ROW_MAX;
        let pack = |number: &f32| (number / scale).round() as i8;
        Self {
            scale,
            numbers: vector.iter().map(pack).collect(),
        }
    }

    /// For the file: the scale, and a byte for each number.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let numbers = self.numbers.iter().map(|number| number.cast_unsigned());
        self.scale
            .to_le_bytes()
            .into_iter()
            .chain(numbers)
            .collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<(f32, &[u8])> {
        let (scale, numbers) = bytes.split_first_chunk()?;
        Some((f32::from_le_bytes(*scale), numbers))
    }
}

/// A question's vector, ready to be multiplied.
pub(super) struct Direction {
    scale: f32,
    numbers: Vec<i16>,
    dimensions: usize,
}

impl Direction {
    /// Packs a vector of length 1.
    pub(super) fn of(vector: &[f32]) -> Self {
        let scale = greatest(vector) / QUESTION_MAX;
        let pack = |number: &f32| (number / scale).round() as i16;
        let mut numbers: Vec<i16> = vector.iter().map(pack).collect();
        numbers.resize(vector.len().next_multiple_of(BLOCK), 0);
        Self {
            scale,
            numbers,
            dimensions: vector.len(),
        }
    }

    /// Numbers of the vector.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }
}

fn greatest(vector: &[f32]) -> f32 {
    let greatest = vector.iter().fold(0.0_f32, |most, one| most.max(one.abs()));
    // A vector has a direction; this is for the one that has none all the same.
    greatest.max(f32::MIN_POSITIVE * 4096.0)
}

/// The vectors of an index's passages, each in the passage's slot.
pub(super) struct Matrix {
    dimensions: usize,
    stride: usize,
    rows: Vec<i8>,
    /// 0 where a slot has no vector.
    scales: Vec<f32>,
    filled: usize,
}

/// What a question has in common with all passages.
pub(super) struct Likeness {
    /// The cosines, by slot; 0 where there is no vector.
    pub(super) cosines: Vec<f32>,
    /// Their mean and their standard deviation.
    pub(super) mean: f32,
    pub(super) deviation: f32,
}

impl Matrix {
    /// For so many slots, none of which has a vector.
    pub(super) fn new(dimensions: usize, slots: usize) -> Self {
        let stride = dimensions.next_multiple_of(BLOCK);
        Self {
            dimensions,
            stride,
            rows: vec![0; stride * slots],
            scales: vec![0.0; slots],
            filled: 0,
        }
    }

    /// Gives a slot its vector, once, as it is kept; one of another length is none.
    pub(super) fn set(&mut self, slot: usize, bytes: &[u8]) {
        let Some((scale, numbers)) = Packed::from_bytes(bytes) else {
            return;
        };
        if numbers.len() == self.dimensions && scale.is_finite() && scale > 0.0 {
            let row = &mut self.rows[slot * self.stride..][..self.dimensions];
            for (to, from) in row.iter_mut().zip(numbers) {
                *to = from.cast_signed();
            }
            self.scales[slot] = scale;
            self.filled += 1;
        }
    }

    /// Numbers of a vector.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Slots with a vector.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// Bytes of memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.rows.len() + self.scales.len() * size_of::<f32>()
    }

    /// Whether nearly all passages have a vector.
    pub(super) fn is_usable(&self) -> bool {
        self.filled > 0 && self.filled as f64 >= COVERED * self.scales.len() as f64
    }

    /// Whether a slot has a vector.
    pub(super) fn has(&self, slot: usize) -> bool {
        self.scales[slot] > 0.0
    }

    /// How like the question each passage is; `None`: the question's vector is of another length.
    pub(super) fn likeness(&self, question: &Direction) -> Option<Likeness> {
        if question.dimensions != self.dimensions {
            return None;
        }
        let rows = self.rows.chunks_exact(self.stride).zip(&self.scales);
        let cosine = |(row, scale): (&[i8], &f32)| {
            dot(row, &question.numbers) as f32 * (scale * question.scale)
        };
        let cosines: Vec<f32> = rows.map(cosine).collect();
        // Where there is no vector there is a 0, which adds nothing.
        let sum = |of: fn(f64) -> f64| cosines.iter().map(|one| of(f64::from(*one))).sum::<f64>();
        let filled = self.filled.max(1) as f64;
        let mean = sum(|one| one) / filled;
        let variance = (sum(|one| one * one) / filled - mean * mean).max(0.0);
        Some(Likeness {
            cosines,
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
        })
    }
}

/// The sum of the products. Blocks of a fixed length are what makes the compiler multiply many at once (`pmaddwd`).
fn dot(row: &[i8], question: &[i16]) -> i32 {
    let (row, _) = row.as_chunks::<BLOCK>();
    let (question, _) = question.as_chunks::<BLOCK>();
    let block = |(row, question): (&[i8; BLOCK], &[i16; BLOCK])| {
        let product = |(a, b): (&i8, &i16)| i32::from(i16::from(*a)) * i32::from(*b);
        row.iter().zip(question).map(product).sum::<i32>()
    };
    row.iter().zip(question).map(block).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(numbers: &[f32]) -> Vec<f32> {
        let length = numbers.iter().map(|one| one * one).sum::<f32>().sqrt();
        numbers.iter().map(|one| one / length).collect()
    }

    #[test]
    fn a_passage_without_a_vector_is_like_nothing_and_one_of_another_length_has_none() {
        let mut matrix = Matrix::new(3, 3);
        matrix.set(0, &Packed::of(&unit(&[1.0, 2.0, 2.0])).to_bytes());
        matrix.set(2, &Packed::of(&unit(&[1.0, 2.0])).to_bytes());
        matrix.set(2, &[1, 2]);
        assert!(matrix.has(0) && !matrix.has(1) && !matrix.has(2));
        assert!(!matrix.is_usable() && matrix.filled() == 1);
        let like = matrix
            .likeness(&Direction::of(&unit(&[1.0, 2.0, 2.0])))
            .unwrap();
        assert!((like.cosines[0] - 1.0).abs() < 0.01 && like.cosines[1..] == [0.0, 0.0]);
        assert!((like.mean - like.cosines[0]).abs() < 1e-6 && like.deviation < 1e-3);
        assert!(matrix.likeness(&Direction::of(&[1.0, 0.0])).is_none());
    }

    proptest! {
        #[test]
        fn packed_vectors_say_what_they_said(
            vectors in (1_usize..80).prop_flat_map(|dimensions| {
                prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, dimensions), 2..6)
            }),
        ) {
            prop_assume!(vectors.iter().all(|vector| vector.iter().any(|one| one.abs() > 0.1)));
            let vectors: Vec<Vec<f32>> = vectors.iter().map(|vector| unit(vector)).collect();
            let mut matrix = Matrix::new(vectors[0].len(), vectors.len());
            for (slot, vector) in vectors.iter().enumerate() {
                matrix.set(slot, &Packed::of(vector).to_bytes());
            }
            let like = matrix.likeness(&Direction::of(&vectors[0])).unwrap();
            for (vector, packed) in vectors.iter().zip(like.cosines) {
                let exact: f32 = vector.iter().zip(&vectors[0]).map(|(a, b)| a * b).sum();
                prop_assert!((exact - packed).abs() < 0.02, "{exact} {packed}");
            }
        }
    }

    #[test]
    fn the_longest_and_fullest_vectors_fit_into_the_sum() {
        let vector = vec![1.0 / 8192.0_f32.sqrt(); 8192];
        let mut matrix = Matrix::new(8192, 1);
        matrix.set(0, &Packed::of(&vector).to_bytes());
        let like = matrix.likeness(&Direction::of(&vector)).unwrap();
        assert!((like.cosines[0] - 1.0).abs() < 1e-3, "{:?}", like.cosines);
    }
}
