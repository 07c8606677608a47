"""The grammar of the rules language (`rules.lark`)."""
