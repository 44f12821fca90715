extension RuleCatalogue {
  static let capture: [any Rule] = [
    CaptureDuplicates(), CaptureMidstream(), CaptureOneSided(), CaptureGaps(),
    CaptureTimeDisorder(),
  ]
}
