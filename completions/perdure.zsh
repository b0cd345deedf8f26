#compdef perdure
# Completion of perdure for zsh: source <(perdure completion zsh), after compinit

_perdure() {
  local line word before
  local -a lines whole begun
  lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    if [[ $line == ":path "* ]]; then
      before=${line#:path }
      compset -P "${(b)before}"
      _files
      continue
    fi
    word=${${line%%$'\t'*}//:/\\:}
    [[ $line == *$'\t'* ]] && word+=":${line#*$'\t'}"
    if [[ $line == *[:@] ]]; then begun+=("$word"); else whole+=("$word"); fi
  done
  (( $#whole )) && _describe -t perdure 'perdure' whole -M 'm:{a-zA-Z}={A-Za-z}'
  (( $#begun )) && _describe -t perdure 'perdure' begun -S ''
  return 0
}

if [[ $funcstack[1] == _perdure ]]; then
  _perdure "$@"
else
  compdef _perdure perdure
fi
