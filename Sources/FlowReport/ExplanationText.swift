public import FlowDiagnosis

/// The catalogue and its pages for the terminal.
public struct ExplanationText: Sendable {
  private let layout: TextLayout

  public init(_ layout: TextLayout) {
    self.layout = layout
  }

  /// Appends the catalogue: every diagnosis with its severity and title, by group.
  public func writeCatalogue(_ rules: [any Rule], to out: inout OutputBuffer) {
    let width = rules.reduce(0) { max($0, $1.id.columns) }
    for group in RuleGroup.allCases {
      let members = rules.filter { $0.group == group }
      guard !members.isEmpty else { continue }
      out.write(layout.palette.bold(group.rawValue))
      out.write("\n")
      for rule in members {
        out.write("  ")
        out.write(rule.id.padded(to: width))
        out.write("  ")
        let severity = rule.severity.description
        out.write(layout.palette.severity(rule.severity, severity))
        out.write(spaces: max(0, 7 - severity.columns) + 2)
        let indent = width + 13
        for (index, line) in TextWrapping.lines(
          of: rule.title, width: max(20, layout.width - indent)
        ).enumerated() {
          if index > 0 { out.write(spaces: indent) }
          out.write(line)
          out.write("\n")
        }
      }
      out.write("\n")
    }
    out.write("The severity is the worst that it can have. ")
    out.write("tcpwhy explain ID prints the page of one.\n")
  }

  /// Appends the page of a diagnosis.
  public func write(_ rule: any Rule, to out: inout OutputBuffer) {
    let page = rule.page
    out.write(layout.palette.bold(rule.id))
    out.write("  ")
    out.write(layout.palette.severity(rule.severity, rule.severity.description))
    out.write("\n")
    layout.write(label: "", rule.title, indent: 0, to: &out)
    section("MECHANISM", page.mechanism, isList: false, to: &out)
    if !page.ladder.isEmpty {
      heading("PACKETS", to: &out)
      for line in page.ladder {
        out.write("  ")
        out.write(line)
        out.write("\n")
      }
    }
    section("PROOF", page.proof, isList: true, to: &out)
    section("LOOK-ALIKES", page.lookAlikes, isList: true, to: &out)
    if !page.confirmation.isEmpty {
      heading("CONFIRM ON THE HOST", to: &out)
      for confirmation in page.confirmation {
        out.write("  ")
        out.write(layout.palette.bold(confirmation.command))
        out.write("\n")
        layout.write(label: "", confirmation.shows, indent: 6, to: &out)
      }
    }
    section("WHAT TO CHANGE", page.remedies, isList: true, to: &out)
    section("MYTHS", page.myths, isList: true, to: &out)
    section("REFERENCES", page.references, isList: true, to: &out)
  }

  private func heading(_ title: String, to out: inout OutputBuffer) {
    out.write("\n")
    out.write(layout.palette.bold(title))
    out.write("\n")
  }

  private func section(
    _ title: String, _ paragraphs: [String], isList: Bool, to out: inout OutputBuffer
  ) {
    guard !paragraphs.isEmpty else { return }
    heading(title, to: &out)
    for (index, paragraph) in paragraphs.enumerated() {
      if !isList, index > 0 { out.write("\n") }
      let lines = TextWrapping.lines(of: paragraph, width: layout.textWidth - (isList ? 4 : 2))
      for (number, line) in lines.enumerated() {
        out.write(isList ? (number == 0 ? "  - " : "    ") : "  ")
        out.write(line)
        out.write("\n")
      }
    }
  }
}
