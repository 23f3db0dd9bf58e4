/** What a shell reads to complete statectl: it asks statectl itself, so that names are live. */
export const SCRIPTS: ReadonlyMap<string, string> = new Map([
  [
    'bash',
    `# bash completion of statectl: source <(statectl completion bash)
_statectl() {
  local line="\${COMP_LINE:0:COMP_POINT}" words IFS=$' \\t\\n'
  read -r -a words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  local current="\${words[\${#words[@]}-1]}" IFS=$'\\n'
  COMPREPLY=($(statectl __complete "\${words[@]:1}" 2>/dev/null))
  # bash takes "=" and ":" for the ends of words: what stands before them must not be repeated.
  local before="\${current%"\${current##*[=:]}"}"
  [[ "$current" == *[=:]* ]] && COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == */ ]] && compopt -o nospace
  return 0
}
complete -o default -F _statectl statectl
`,
  ],
  [
    'zsh',
    `#compdef statectl
# zsh completion of statectl: source <(statectl completion zsh)
_statectl() {
  local -a found
  found=("\${(@f)$(statectl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then
    compadd -- \${found:#*/}
    compadd -S '' -- \${(M)found:#*/}
  else
    _files
  fi
}
compdef _statectl statectl
`,
  ],
  [
    'fish',
    `# fish completion of statectl: statectl completion fish | source
function __statectl_complete
  set -l words (commandline -opc) (commandline -ct)
  statectl __complete $words[2..-1] 2>/dev/null
end
complete -c statectl -a '(__statectl_complete)'
`,
  ],
]);
