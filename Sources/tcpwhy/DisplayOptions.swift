import ArgumentParser
import FlowReport
import PacketCapture

/// How text is shown.
struct DisplayOptions: ParsableArguments {
  @Option(help: "Colours: auto (on a terminal, unless NO_COLOR is set), always, never.")
  var color = ColorChoice.auto

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp(
      "Times: utc, relative, delta, epoch; tshark's letters do as well.", valueName: "style"))
  var time: TimeStyle?

  /// The layout for standard output.
  func layout(_ usual: TimeStyle = .utc) -> TextLayout {
    let isColored =
      switch color {
      case .auto:
        StandardStreams.isOutputTerminal && Environment.value("NO_COLOR") == nil
          && Environment.value("TERM") != "dumb"
      case .always: true
      case .never: false
      }
    return TextLayout(
      width: Terminal.width, palette: Palette(isColored: isColored), timeStyle: time ?? usual)
  }
}

/// When colours are used.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}
