import TCPModel

/// The secret words of a directory's hash.
struct Secret: Sendable, BitwiseCopyable {
  private let first: UInt64
  private let second: UInt64
  private let third: UInt64

  init(_ seed: HashSeed) {
    (first, second, third) = (seed.first, seed.second, seed.third)
  }

  /// Two words into one: their product of 128 bits folded, each mixed with a secret word.
  @inline(__always)
  func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = (left ^ first).multipliedFullWidth(by: right ^ second)
    return product.high ^ product.low ^ third
  }
}
