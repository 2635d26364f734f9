import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { type Guard, type GuardRule, type Identity, type NodeContext, toNode } from 'leeway/http'
import { GUARD } from './tokens.ts'

const IS_PUBLIC = 'leeway: is public'

// #region guard
/** `@Mfa({ sensitive: true })`: who has set up MFA and shown a code. `@Mfa({ page: 'setup' })`: the page for set-up. */
export const Mfa = Reflector.createDecorator<GuardRule>()

/** `@Public()`: for those who have not signed in. */
export const Public = () => SetMetadata(IS_PUBLIC, true)

/** A parameter: who is asking, as the guard let him pass. */
export const Asking = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity => context.switchToHttp().getRequest().leeway.identity,
)

@Injectable()
export class MfaGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(GUARD) private readonly guard: Guard<NodeContext>,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()]
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, places)) return true
    const rule = this.reflector.getAllAndOverride(Mfa, places)
    const http = context.switchToHttp()
    let passed = false
    // A refusal is answered here, with its problem document or redirect; Nest finds that it is, and adds nothing.
    const answered = toNode((request, nodeContext) => this.guard(request, nodeContext, rule))
    await answered(http.getRequest(), http.getResponse(), (error) => {
      if (error !== undefined) throw error
      passed = true
    })
    return passed
  }
}
// #endregion
